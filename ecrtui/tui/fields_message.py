"""Messages with fields.

A dataclass compiles its methods when it is defined. The first frame would wait for that, message by message.
"""

from __future__ import annotations

from typing import Any, ClassVar, dataclass_transform

from textual.message import Message


@dataclass_transform(eq_default=False)
class FieldsMessage(Message):
    """A message whose annotations are its fields, as those of a dataclass are."""

    field_names: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = cls.__annotations__  # of the class alone, also if it has none; not in vars(cls) from Python 3.14 on
        cls.field_names = tuple(dict.fromkeys((*cls.field_names, *own)))  # a subclass may narrow the type of a field

    def __init__(self, *values: Any, **named: Any) -> None:
        """Take the values of the fields, by position or by name. A field without a default needs one."""
        super().__init__()
        names = self.field_names
        given = dict(zip(names, values, strict=False))
        if len(values) > len(names) or named.keys() - set(names) or named.keys() & given.keys():
            raise TypeError(f"{type(self).__name__} has the fields {', '.join(names)}")
        given |= named
        if missing := [name for name in names if name not in given and not hasattr(type(self), name)]:
            raise TypeError(f"{type(self).__name__} needs {', '.join(missing)}")
        vars(self).update(given)
