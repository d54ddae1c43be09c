"""The pane with the replies of the registry about the image, with the member names of the API."""

from __future__ import annotations

from typing import Any, NamedTuple

from ecrtui.ecr.documents import image_document, referrer_document
from ecrtui.ecr.exact_json import write_json
from ecrtui.ecr.image import Image
from ecrtui.errors import EcrTuiError
from ecrtui.tui import blocking, details
from ecrtui.tui.inspector.inspected import Inspected
from ecrtui.tui.inspector.text_pane import TextPane
from ecrtui.tui.text_document import TextDocument, prepare_text


class RawTexts(NamedTuple):
    """The same document in two formats."""

    json: TextDocument
    yaml: TextDocument


class RawPane(TextPane[RawTexts]):
    """ImageDetail of DescribeImages and the entries of ListImageReferrers, as YAML or JSON."""

    ID = "raw"
    PER_PLATFORM = False
    PER_TAGS = True

    def __init__(self, inspected: Inspected) -> None:
        super().__init__(inspected)
        self.as_json = False
        self._texts: RawTexts | None = None

    async def read(self, inspected: Inspected) -> RawTexts:
        image, registry_id = inspected.image, inspected.session.location.registry_id
        try:
            referrers: Any = [referrer_document(entry) for entry in await inspected.referrers_of(image.digest)]
        except EcrTuiError as error:
            referrers = details.why_not_known(error)
        return await blocking.run_blocking(_texts, inspected.repository_name, image, registry_id, referrers)

    def document(self, content: RawTexts) -> TextDocument:
        self._texts = content
        return content.json if self.as_json else content.yaml

    def show_as(self, *, json: bool) -> None:
        """Choose the format."""
        self.as_json = json
        if self._texts is not None:
            self.present(self._texts)


def _texts(repository: str, image: Image, registry_id: str, referrers: Any) -> RawTexts:
    document = {"imageDetails": [image_document(repository, image, registry_id)], "referrers": referrers}
    return RawTexts(prepare_text(write_json(document, indent=2)), prepare_text(details.as_yaml(document)))
