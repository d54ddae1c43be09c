"""An embedded imitation of Amazon ECR: its JSON protocol over SQLite, for demos, experiments and tests.

The package stands alone. It uses the standard library only and imports nothing else of ecrtui. Digests, media types,
severities and lifecycle rules are written here a second time on purpose: the emulator is the independent oracle that
the application is tested against, so a mistake in one must not hide in the other.

If AWS and the emulator differ, AWS is right. ``docs/embedded-registry-behaviour.md`` lists the tested behaviours.
"""
