"""Values and pure functions of Amazon ECR and the OCI specifications; standard library only.

What ECR describes:

- ``image``, ``repository``, ``findings``, ``referrer``: what the Describe and List operations return.
- ``mutability``, ``lifecycle``: the rules that decide whether a tag may move and when an image expires.
- ``put_image_request``: the parameters of PutImage, checked before they are sent.
- ``location``: which registry a value belongs to.

What an image is made of:

- ``digest``, ``tag``, ``reference``: names, and how to read them from text.
- ``manifest``, ``image_config``: manifests with their exact text, and configs.

What every front end needs:

- ``documents``: values as documents with the member names of the ECR API.
- ``safe_text``: text that cannot act on a terminal.
- ``units``: sizes, ages, durations, times and wildcards.
- ``row_codec``: rows as columns, for another process or for a file.
"""
