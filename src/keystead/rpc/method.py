"""A method and the catalogue it is listed in.

The decorated function's signature *is* the definition. From it come validation
(``Method.params``), the machine-readable description (each protocol's grammar),
the reference pages and the client types.
"""

import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from keystead.domain.access import Access

S = TypeVar("S")
H = TypeVar("H", bound=Callable[..., Any])

T = TypeVar("T")

Shape = type[msgspec.Struct]
Rename = Literal["camel", "pascal"] | None


class Kind(Enum):
    """How a handler comes to its result."""

    AT_ONCE = auto()  # a plain function: it has all it needs
    WAITING = auto()  # a coroutine function: it awaits the store or the hasher
    LISTING = auto()  # a coroutine function that gives a Page


ReturnsRule = Callable[[str, Shape, Kind, bool], Shape]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A long list, or a part of it.

    Attributes:
        portions: the entries, as they are read.
        total: how many entries there are in all; None when nobody asked.
        has_more: more entries follow.
    """

    portions: AsyncIterator[Sequence[T]]
    total: int | None = None
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class Method(Generic[S]):
    """One callable entry of a wire protocol.

    Attributes:
        refusable: the rules may say no, and the returns have a place to say so.
        steady: the result depends on nothing but who is signed in, so it may be kept.
        simulable: it may be asked what a call would change: the handler changes nothing but
            through the directory of the session it is given.
        result_field: wire key of the result; None when the result is the whole returns.
    """

    name: str
    doc: str
    access: Access
    kind: Kind
    refusable: bool
    steady: bool
    simulable: bool
    params: Shape
    returns: Shape
    result_field: str | None
    handler: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Notification:
    """One thing a server tells without being asked."""

    name: str
    doc: str
    params: Shape


class Catalogue(Generic[S]):
    """All methods and notifications of one protocol, in definition order.

    Args:
        rename: how Python names become wire keys.
        returns_rule: what the protocol adds to the returns of a method of that name and kind,
            which may be refusable. Applied once, here, so that description, reference, client types and
            replies agree.
        is_strict: parameters that a method does not have are an error.
    """

    def __init__(
        self,
        rename: Rename,
        returns_rule: ReturnsRule = lambda _, returns, *__: returns,
        *,
        is_strict: bool = True,
    ) -> None:
        self._rename: Rename = rename
        self._returns_rule = returns_rule
        self._is_strict = is_strict
        self._methods: dict[str, Method[S]] = {}
        self._notifications: dict[str, Notification] = {}

    @property
    def methods(self) -> Mapping[str, Method[S]]:
        """Every method by its wire name."""
        return self._methods

    @property
    def notifications(self) -> Mapping[str, Notification]:
        """Every notification by its wire name."""
        return self._notifications

    def __iter__(self) -> Iterator[Method[S]]:
        return iter(self._methods.values())

    def method(
        self,
        name: str,
        *,
        access: Access,
        refusable: bool = False,
        steady: bool = False,
        simulable: bool = False,
        returns: str | None = None,
    ) -> Callable[[H], H]:
        """List the decorated function under *name*.

        Its first parameter is the session that asks; the others are the method's parameters.

        Args:
            name: exactly as on the wire, so that a search for it lands on the definition.
            access: no default, so that no method is open by accident.
            refusable: see ``Method``.
            steady: see ``Method``.
            simulable: see ``Method``.
            returns: wire key for the result; without it the result must be None or a Struct.

        Raises:
            ValueError: *name* is listed already.
        """

        def register(handler: H) -> H:
            if name in self._methods:
                raise ValueError(f"{name} is defined twice")
            hints = get_type_hints(handler, include_extras=True)
            _, *parameters = inspect.signature(handler).parameters.values()
            kind, result = _kind_and_result(handler, hints["return"])
            self._methods[name] = Method(
                name=name,
                doc=inspect.cleandoc(handler.__doc__ or ""),
                access=access,
                kind=kind,
                refusable=refusable,
                steady=steady,
                simulable=simulable,
                params=self._struct(
                    f"{handler.__name__}_params",
                    {p.name: (hints[p.name], p.default) for p in parameters},
                ),
                returns=self._returns_rule(
                    name,
                    self._returns(handler.__name__, returns, result),
                    kind,
                    refusable,
                ),
                result_field=returns,
                handler=handler,
            )
            return handler

        return register

    def notification(self, name: str) -> Callable[[Shape], Shape]:
        """List the decorated Struct, the parameters of a notification, under *name*.

        Raises:
            ValueError: *name* is listed already.
        """

        def register(params: Shape) -> Shape:
            if name in self._notifications:
                raise ValueError(f"{name} is defined twice")
            doc = inspect.cleandoc(params.__doc__ or "")
            self._notifications[name] = Notification(name, doc, params)
            return params

        return register

    def _returns(self, owner: str, key: str | None, result: Any) -> Shape:
        if key is not None:
            returns = {key: (result, inspect.Parameter.empty)}
            return self._struct(f"{owner}_returns", returns)
        if result is type(None):
            return self._struct(f"{owner}_returns", {})
        shape: Shape = result
        return shape

    def _struct(self, name: str, fields: Mapping[str, tuple[Any, Any]]) -> Shape:
        return msgspec.defstruct(
            name,
            [
                (field, kind) if default is inspect.Parameter.empty else (field, kind, default)
                for field, (kind, default) in fields.items()
            ],
            kw_only=True,
            rename=self._rename,
            forbid_unknown_fields=self._is_strict,
        )


def _kind_and_result(handler: Callable[..., Any], declared: Any) -> tuple[Kind, Any]:
    """Tell how *handler* comes to its result, and what the wire sees of the declared type."""
    if get_origin(declared) is Page:
        (item,) = get_args(declared)
        return Kind.LISTING, list[item]  # type: ignore[valid-type]  # computed on purpose
    return (Kind.WAITING if inspect.iscoroutinefunction(handler) else Kind.AT_ONCE), declared
