"""The fixed words of the reference, in each of its languages."""

from collections.abc import Mapping
from dataclasses import dataclass

from keystead.reference.sections import Section


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What the reference says by itself; texts with ``{}`` are filled in."""

    title: str
    sections: Mapping[Section, str]

    source: str
    version: str
    not_stated: str
    protocol: str
    described: str
    counts: str
    count: str
    number: str
    namespace: str
    namespaces: str
    permissions: str
    badge: str
    caller: str
    scopes: Mapping[str, str]
    own_scope: str

    methods: str
    no_methods: str
    notifications: str
    no_notifications: str
    parameters: str
    no_parameters: str
    returns: str
    no_returns: str
    field: str
    type: str
    notes: str
    optional: str
    read_only: str
    deprecated: str
    replacement: str

    types: str
    types_intro: str
    basic_types: str
    in_json: str
    basic: Mapping[str, str]
    objects: str
    enums: str
    flags: str
    none_such: str
    list_of: str
    combination_of: str
    no_fields: str
    no_values: str
    used_by: str
    unused: str
    gone: str


FRENCH = Words(
    title="Référence de l'API",
    sections={Section.BUSINESS: "Métier", Section.SYSTEM: "Système"},
    source="Source",
    version="Version",
    not_stated="non indiquée",
    protocol="Protocole",
    described="Ce que le serveur dit de lui-même (`JSONRPC.Introspect`), mis en pages.",
    counts="Contenu",
    count="Élément",
    number="Nombre",
    namespace="Espace de noms",
    namespaces="Espaces de noms",
    permissions="Droits",
    badge="Badge",
    caller="Qui peut appeler",
    scopes={
        "None": "aucun droit particulier n'est demandé",
        "ControlThings": "qui peut commander des objets",
        "ConfigureThings": "qui peut configurer des objets",
        "AccessAllThings": "qui a accès à tous les objets",
        "ExecuteRules": "qui peut exécuter des règles",
        "ConfigureRules": "qui peut configurer des règles",
        "Admin": "les administrateurs",
    },
    own_scope="un droit propre à ce serveur",
    methods="Méthodes",
    no_methods="Aucune méthode.",
    notifications="Notifications",
    no_notifications="Aucune notification.",
    parameters="Paramètres",
    no_parameters="Aucun paramètre.",
    returns="Retours",
    no_returns="Aucun retour.",
    field="Champ",
    type="Type",
    notes="Notes",
    optional="optionnel",
    read_only="lecture seule",
    deprecated="obsolète",
    replacement="Obsolète.",
    types="Types",
    types_intro=(
        "Les types que les méthodes et les notifications emploient,"
        " chacun avec ce qui l'emploie directement."
    ),
    basic_types="Types de base",
    in_json="En JSON",
    basic={
        "Uuid": "chaîne : l'UUID en minuscules, en règle générale sans accolades",
        "String": "chaîne",
        "StringList": "tableau de chaînes",
        "Int": "nombre entier",
        "Uint": "nombre entier positif ou nul ; les dates en secondes depuis 1970 (UTC)",
        "Double": "nombre",
        "Bool": "`true` ou `false`",
        "Variant": "n'importe quelle valeur",
        "Color": "chaîne `#rrggbb`",
        "Time": "chaîne `hh:mm`",
        "Object": "n'importe quel objet",
    },
    objects="Objets et listes",
    enums="Énumérations",
    flags="Drapeaux",
    none_such="Il n'y en a pas.",
    list_of="Liste de {}.",
    combination_of="Toute combinaison des valeurs de {}, dans un tableau de leurs noms.",
    no_fields="Aucun champ.",
    no_values="Aucune valeur.",
    used_by="Employé par : {}.",
    unused="Employé nulle part.",
    gone="Le serveur ne décrit plus cet espace de noms.",
)

ENGLISH = Words(
    title="API reference",
    sections={Section.BUSINESS: "Business", Section.SYSTEM: "System"},
    source="Source",
    version="Version",
    not_stated="not stated",
    protocol="Protocol",
    described="What the server says of itself (`JSONRPC.Introspect`), put into pages.",
    counts="Contents",
    count="What",
    number="Number",
    namespace="Namespace",
    namespaces="Namespaces",
    permissions="Rights",
    badge="Badge",
    caller="Who may call",
    scopes={
        "None": "no particular right is needed",
        "ControlThings": "whoever may control things",
        "ConfigureThings": "whoever may configure things",
        "AccessAllThings": "whoever has access to all things",
        "ExecuteRules": "whoever may execute rules",
        "ConfigureRules": "whoever may configure rules",
        "Admin": "administrators",
    },
    own_scope="a right of this server's own",
    methods="Methods",
    no_methods="No methods.",
    notifications="Notifications",
    no_notifications="No notifications.",
    parameters="Parameters",
    no_parameters="No parameters.",
    returns="Returns",
    no_returns="No returns.",
    field="Field",
    type="Type",
    notes="Notes",
    optional="optional",
    read_only="read-only",
    deprecated="deprecated",
    replacement="Deprecated.",
    types="Types",
    types_intro=(
        "The types that methods and notifications use, each with what uses it directly."
    ),
    basic_types="Basic types",
    in_json="In JSON",
    basic={
        "Uuid": "string: the UUID in lower case, as a rule without braces",
        "String": "string",
        "StringList": "array of strings",
        "Int": "whole number",
        "Uint": "whole number, not negative; dates are seconds since 1970 (UTC)",
        "Double": "number",
        "Bool": "`true` or `false`",
        "Variant": "any value",
        "Color": "string `#rrggbb`",
        "Time": "string `hh:mm`",
        "Object": "any object",
    },
    objects="Objects and lists",
    enums="Enums",
    flags="Flags",
    none_such="There are none.",
    list_of="List of {}.",
    combination_of="Any combination of the values of {}, as an array of their names.",
    no_fields="No fields.",
    no_values="No values.",
    used_by="Used by: {}.",
    unused="Used nowhere.",
    gone="The server does not describe this namespace any more.",
)

LANGUAGES = {"fr": FRENCH, "en": ENGLISH}
