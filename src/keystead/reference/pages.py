"""All pages of the reference, as the Markdown that the program writes into them."""

from collections.abc import Iterator
from importlib import resources

from keystead.reference.badges import SCOPES, scope_badge
from keystead.reference.entries import method_entry, notation_text, notification_entry
from keystead.reference.introspection import Notification
from keystead.reference.markdown import blocks, code, line, link, table
from keystead.reference.sections import Section
from keystead.reference.site import (
    INDEX,
    NOTIFICATIONS,
    STYLESHEET,
    SUMMARY,
    TYPES,
    Site,
    relative,
)
from keystead.reference.types_page import types_page


def pages(site: Site) -> dict[str, str]:
    """Give the text of every file of the reference by its path, without what is around it."""
    return {
        INDEX: _index(site),
        **{
            site.page_of(name): _namespace(name, site) for name in site.introspection.namespaces
        },
        NOTIFICATIONS: _notifications(site),
        TYPES: types_page(site),
        SUMMARY: _summary(site),
        STYLESHEET: _stylesheet(),
    }


def gone_page(namespace: str, site: Site) -> str:
    """Give the text of a page whose namespace is gone, but not what was written around it."""
    return blocks(f"# {namespace}", site.words.gone)


def _index(site: Site) -> str:
    words, known, source = site.words, site.introspection, site.source
    versions = (
        line(version) or words.not_stated for version in (source.version, source.protocol)
    )
    counts = (
        (words.namespaces, known.namespaces),
        (words.methods, known.methods),
        (link(words.notifications, NOTIFICATIONS), known.notifications),
        (link(words.types, TYPES), known.types),
        (words.enums, known.enums),
        (words.flags, known.flags),
    )
    return blocks(
        f"# {words.title}",
        words.described,
        table((words.source, words.version, words.protocol), [(line(source.name), *versions)]),
        f"## {words.counts}",
        table((words.count, words.number), ((name, str(len(all_))) for name, all_ in counts)),
        *(part for section in Section for part in _section(section, site)),
        f"## {words.permissions}",
        _legend(site),
    )


def _section(section: Section, site: Site) -> Iterator[str]:
    words, known = site.words, site.introspection
    rows = [
        (
            link(name, site.page_of(name)),
            str(len(known.methods_of(name))),
            str(len(known.notifications_of(name))),
        )
        for name in site.namespaces_in(section)
    ]
    if rows:
        yield f"## {words.sections[section]}"
        yield table((words.namespace, words.methods, words.notifications), rows)


def _legend(site: Site) -> str:
    words = site.words
    used = {method.scope for method in site.introspection.methods}
    known = [scope for scope in SCOPES if scope in used]
    rows = (
        (str(scope_badge(scope)), words.scopes.get(scope, words.own_scope))
        for scope in (*known, *sorted(used - SCOPES.keys()))
    )
    return table((words.badge, words.caller), rows)


def _namespace(namespace: str, site: Site) -> str:
    words, page = site.words, site.page_of(namespace)
    methods = [method_entry(m, page, words) for m in site.introspection.methods_of(namespace)]
    notifications = [
        notification_entry(n, page, words)
        for n in site.introspection.notifications_of(namespace)
    ]
    return blocks(
        f"# {namespace}",
        f"## {words.methods}",
        *(methods or [words.no_methods]),
        f"## {words.notifications}",
        *(notifications or [words.no_notifications]),
    )


def _notifications(site: Site) -> str:
    words = site.words
    told = [
        (namespace, found)
        for namespace in site.introspection.namespaces
        if (found := site.introspection.notifications_of(namespace))
    ]
    parts = [
        blocks(f"## {namespace}", *(_notification_item(one, site) for one in found))
        for namespace, found in told
    ]
    return blocks(f"# {words.notifications}", *(parts or [words.no_notifications]))


def _notification_item(notification: Notification, site: Site) -> str:
    fields = ", ".join(
        f"{code(field.name)} {notation_text(field.notation, NOTIFICATIONS)}"
        for field in notification.params.fields
    )
    name = link(notification.name, relative(site.address_of(notification), NOTIFICATIONS))
    lines = (name, line(notification.description), fields)
    return f"- {'<br>'.join(filter(None, lines))}"


def _summary(site: Site) -> str:
    words = site.words
    lines = [f"- [{words.title}]({INDEX})"]
    for section in Section:
        if names := site.namespaces_in(section):
            lines.append(f"- {words.sections[section]}")
            lines += [f"    - [{name}]({site.page_of(name)})" for name in names]
    lines.append(f"- [{words.notifications}]({NOTIFICATIONS})")
    lines.append(f"- [{words.types}]({TYPES})")
    return "\n".join(lines)


def _stylesheet() -> str:
    file = resources.files("keystead.reference").joinpath(STYLESHEET)
    return file.read_text("utf-8").strip()
