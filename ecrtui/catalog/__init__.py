"""List, filter, find and cache. Every read of a list goes through this package.

``catalog`` is what other packages ask first. The packages:

- ``listing``: the pages of a registry become batches of rows.
- ``rows``: the rows of a list, sorted, filtered and folded, with the marks and the cursor of ``selection``.
- ``filter``: the language of filters.
- ``find``: a search of all repositories.
- ``totals``: how many images a repository has, how large they are, and when it was used.
- ``cache``: the last listings, manifests, scans and totals on disk.

The other modules:

- Which images belong together: ``image_groups``, ``index_parts``, ``kept_indexes``.
- Scans: ``scan_reader`` reads them, ``known_scans`` keeps them.
- Manifests: ``manifest_lru`` keeps them, ``read_ahead`` decides whether they may be read ahead.
- What several threads find, in batches: ``closable_queue``, ``batch_queue``.
- One image: ``image_lookup``, ``awaited_image``. What others changed: ``watch``.
"""
