"""From the introspection of a nymea-style server to Markdown that people read.

``reading`` makes values of the JSON, ``pages`` makes texts of the values, ``plan`` decides what
becomes of a folder, ``folder`` carries that out. All but ``folder`` is without side effects.
"""
