"""List, filter, find and cache. Every read of a list goes through this package.

``catalog`` is what other packages ask first. The other modules, by what they do:

- Pages become batches of rows: ``page_source``, ``closable_queue``, ``listing``, ``merged_listing``.
- Rows become lines of a list: ``rows`` keeps them sorted and filtered with ``slot_order``, ``sort_filter_job``,
  ``column_cache``, ``batch_predicate``, ``selection``, ``folding`` and ``shown_lines``.
- Which images belong together: ``image_groups``, ``index_parts``, ``kept_indexes``.
- Totals: ``image_totals`` of a list of images; ``repository_totals``, ``totals_counter`` and ``totals_reading`` of
  whole repositories.
- Scans: ``scan_reader`` reads them, ``known_scans`` keeps them.
- Manifests: ``manifest_lru`` keeps them, ``read_ahead`` decides whether they may be read ahead.
- Find in all repositories: ``find`` runs the search; the ``find_…`` modules are its parts.
- Scans, totals and hits come from several threads: ``batch_queue`` hands them over in batches.
- One image: ``image_lookup``, ``awaited_image``. What others changed: ``watch``.

``cache`` keeps the last listings on disk, and ``filter`` is the language of filters.
"""
