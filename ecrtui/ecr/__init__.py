"""Values and pure functions of Amazon ECR and the OCI specifications; standard library only.

Values of ECR:

- ``image``, ``repository``, ``findings``, ``referrer``, ``layer``: the results of the operations of ECR.
- ``mutability``, ``lifecycle``, ``replication``, ``pull_times``: the rules that decide whether a tag may move, when an
  image expires, where a push goes besides, and which pulls ECR records.
- ``put_image_request``: the parameters of PutImage, checked before they are sent.
- ``location``, ``caller``, ``profile``, ``sign_in_request``: which registry a value belongs to, and who asks.
- ``permissions``: the IAM permission of each operation, and the policies that grant them.

Parts and names of an image:

- ``digest``, ``tag``, ``reference``, ``cosign_tags``: names, and how to read them from text.
- ``manifest``, ``image_config``: manifests with their exact text, and configs.

Read what cannot be trusted:

- ``json_values``: a value of another type becomes a default.
- ``exact_json``, ``differences``: JSON as it is written, and where two documents differ.
- ``safe_text``: text that cannot act on a terminal.
- ``expressions``: regular expressions that users type.

Write for people and programs:

- ``documents``: values as documents with the member names of the ECR API.
- ``text_formats``, ``csv_cells``, ``markdown_text``: Markdown and CSV.
- ``units``: sizes, ages, durations, times and wildcards.
- ``row_codec``: rows as columns, for another process or for a file.
"""
