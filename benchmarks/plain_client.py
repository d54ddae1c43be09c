"""The baseline for a list of images: one HTTP client that requests all pages and throws them away.

python -m benchmarks.plain_client URL REPOSITORY
"""

from __future__ import annotations

import http.client
import json
import re
import sys
from urllib.parse import urlsplit

PAGE_SIZE = 1_000
"""The most images that DescribeImages returns (``maxResults``)."""

_NEXT_TOKEN = re.compile(rb'"nextToken": ?"([^"]+)"')


def main(url: str, repository: str) -> None:
    """Request page after page over one connection."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "AmazonEC2ContainerRegistry_V20150921.DescribeImages",
    }
    parameters = {"repositoryName": repository, "maxResults": PAGE_SIZE}
    while True:
        connection.request("POST", "/", json.dumps(parameters), headers)
        response = connection.getresponse()
        page = response.read()
        if response.status != http.HTTPStatus.OK:
            sys.exit(page.decode())
        token = _NEXT_TOKEN.search(page)
        if token is None:
            return
        parameters["nextToken"] = token[1].decode()


if __name__ == "__main__":
    main(*sys.argv[1:])
