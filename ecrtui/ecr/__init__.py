"""Values and pure functions of Amazon ECR and the OCI specifications; standard library only.

Values of ECR:

- ``image``, ``repository``, ``findings``, ``referrer``: the results of the Describe and List operations.
- ``mutability``, ``lifecycle``: the rules that decide whether a tag may move and when an image expires.
- ``put_image_request``: the parameters of PutImage, checked before they are sent.
- ``location``: which registry a value belongs to.

Parts and names of an image:

- ``digest``, ``tag``, ``reference``: names, and how to read them from text.
- ``manifest``, ``image_config``: manifests with their exact text, and configs.

Shared by all front ends:

- ``documents``: values as documents with the member names of the ECR API.
- ``safe_text``: text that cannot act on a terminal.
- ``units``: sizes, ages, durations, times and wildcards.
- ``json_values``: values of untrusted JSON.
- ``row_codec``: rows as columns, for another process or for a file.
"""
