"""What may be said to the engine. Everything that reaches beyond its own directory is refused by name.

Two locks guard one door: this list, which judges the words of a statement before the engine sees them, and the
grants in ``engine_config``, which the engine itself enforces. A table engine or function is allowed by being named
here; an integration test compares the lists with what the engine offers, so that a new version forces a decision.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise, zip_longest
from typing import Final

from infra.clickhouse.errors import SUPPORT_IS_DISABLED, SYNTAX_ERROR, EndpointError
from infra.clickhouse.statement import Kind, Token, tokens_of


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


class Verb(Enum):
    """What a statement does to the engine."""

    SELECT = "reads rows and can be streamed"
    READ = "reads"
    SESSION = "changes the session"
    INSERT = "adds rows"
    WRITE = "changes data or tables"


@dataclass(frozen=True, slots=True)
class Judgement:
    """An allowed statement: ``body`` is its text without a FORMAT clause, ``output_format`` that clause's name."""

    verb: Verb
    body: str
    output_format: str | None


_VERBS: Final = {
    **dict.fromkeys(("SELECT", "WITH", "FROM", "("), Verb.SELECT),
    **dict.fromkeys(("SHOW", "DESCRIBE", "DESC", "EXPLAIN", "EXISTS"), Verb.READ),
    **dict.fromkeys(("SET", "USE"), Verb.SESSION),
    **dict.fromkeys(
        ("CREATE", "ALTER", "DROP", "TRUNCATE", "OPTIMIZE", "RENAME", "EXCHANGE", "DELETE", "UPDATE"),
        Verb.WRITE,
    ),
    **dict.fromkeys(("CHECK", "KILL", "UNDROP"), Verb.WRITE),
    "INSERT": Verb.INSERT,
}

ALLOWED_ENGINES: Final = re.compile(
    r"(Replacing|Summing|Aggregating|Collapsing|VersionedCollapsing|Coalescing)?MergeTree|Memory|Null|View|MaterializedView"
)
ALLOWED_DATABASE_ENGINES: Final = frozenset({"Atomic"})

ALLOWED_TABLE_FUNCTIONS: Final = _words(
    "format generaterandom generate_series generateseries input mergetreeindex null numbers numbers_mt primes"
    " sqlstandardvalues values view viewexplain viewifpermitted zeros zeros_mt"
)
REFUSED_TABLE_FUNCTIONS: Final = _words(
    "arrowflight arrowstream azureblobstorage azureblobstoragecluster azurequeue bigquery cluster"
    " clusterallreplicas cosn deltalake deltalakeazure deltalakeazurecluster deltalakecluster deltalakelocal"
    " deltalakes3 deltalakes3cluster dictionary disk eval executable filecluster filesystem fuzzjson fuzzquery gcs"
    " hdfs hdfscluster hive hudi hudicluster iceberg icebergazure icebergazurecluster icebergcluster iceberghdfs"
    " iceberghdfscluster iceberglocal iceberglocalcluster icebergs3 icebergs3cluster jdbc loop merge"
    " mergetreeanalyzeindexes mergetreeanalyzeindexesuuid mergetreecodecblockcounts mergetreeprojection"
    " mergetreetextindex mongodb mysql odbc oss paimon paimonazure paimonazurecluster paimoncluster paimonhdfs"
    " paimonhdfscluster paimonlocal paimons3 paimons3cluster postgresql prometheusquery prometheusqueryrange"
    " python redis remote remotesecure s3 s3cluster s3queue sqlite timeseriesdata timeseriesmetricfamilies"
    " timeseriesmetrics timeseriessamples timeseriesselector timeseriestags url urlcluster ytsaurus"
)
# These can be passed on by name alone, as in arrayMap(file, paths) and APPLY(file): the name itself is refused.
REFUSED_NAMES: Final = _words(
    "addresstoline addresstosymbol aiclassify aiembed aiextract aifilter aigenerate airedact aisimilarity"
    " aitranslate catboostevaluate demangle file"
)

_CREATABLE: Final = frozenset({"DATABASE", "TABLE", "VIEW"})
_CREATE_PREFIXES: Final = frozenset({"OR", "REPLACE", "TEMPORARY", "MATERIALIZED"})
# After these a bare ENGINE is a column's name, as in SELECT engine FROM system.tables.
_NOT_AN_ENGINE: Final = frozenset(
    {"FROM", "AS", "WHERE", "AND", "OR", "IN", "NOT", "IS", "LIKE", "ILIKE", "ASC", "DESC", "END"}
)


def judge(text: str) -> Judgement:
    """Allow one statement, or raise EndpointError: 62 for what cannot be read, 344 for what is refused."""
    tokens = _without_semicolon(list(tokens_of(text)))
    if not tokens:
        raise EndpointError(SYNTAX_ERROR, "Syntax error: the statement is empty")
    first = tokens[0].keyword or tokens[0].text
    verb = _VERBS.get(first)
    if verb is None:
        raise _refused(f"statements that begin with {first[:30]}")
    _refuse_clauses(tokens)
    _refuse_functions(tokens)
    if first == "CREATE":
        _refuse_unknown_objects(tokens)
        _refuse_engines(tokens)
    if first == "KILL" and tokens[1:2] and tokens[1].keyword not in {"QUERY", "MUTATION"}:
        raise _refused(f"KILL {tokens[1].text}")
    return _with_format(text, verb, tokens)


def _refused(what: str) -> EndpointError:
    return EndpointError(
        SUPPORT_IS_DISABLED,
        f"Refused by the endpoint: {what}. The list of what is allowed is in infra/clickhouse/README.md",
    )


def _without_semicolon(tokens: list[Token]) -> list[Token]:
    while tokens and tokens[-1].text == ";" and tokens[-1].kind is Kind.SIGN:
        tokens.pop()
    if any(token.text == ";" and token.kind is Kind.SIGN for token in tokens):
        raise EndpointError(SYNTAX_ERROR, "Syntax error: only one statement a request is allowed")
    return tokens


def _refuse_clauses(tokens: Sequence[Token]) -> None:
    for before, token in pairwise(tokens):
        if (before.keyword, token.keyword) in {("INTO", "OUTFILE"), ("FROM", "INFILE"), ("PARALLEL", "WITH")}:
            raise _refused(f"{before.keyword} {token.keyword}")


def _refuse_functions(tokens: Sequence[Token]) -> None:
    for name, after in zip_longest(tokens, tokens[1:]):
        if not name.is_name:
            continue
        called = after is not None and after.kind is Kind.SIGN and after.text == "("
        word = name.text.lower()
        if word in REFUSED_NAMES or (called and word in REFUSED_TABLE_FUNCTIONS):
            raise _refused(f"the function {name.text}")


def _refuse_unknown_objects(tokens: Sequence[Token]) -> None:
    what = next((token for token in tokens[1:] if token.keyword not in _CREATE_PREFIXES), tokens[0])
    if what.keyword not in _CREATABLE:
        raise _refused(f"CREATE {what.text[:30]}")


def _refuse_engines(tokens: Sequence[Token]) -> None:
    database = any(token.keyword == "DATABASE" for token in tokens[1:3])
    for at, token in enumerate(tokens[:-1]):
        if token.keyword != "ENGINE":
            continue
        after = tokens[at + 1]
        if after.text == "=" and at + 2 < len(tokens):
            after = tokens[at + 2]
        elif not after.is_name or after.keyword in _NOT_AN_ENGINE:
            continue
        allowed = after.text in ALLOWED_DATABASE_ENGINES if database else ALLOWED_ENGINES.fullmatch(after.text)
        if not allowed:
            raise _refused(f"the {'database' if database else 'table'} engine {after.text[:40]}")


def _with_format(text: str, verb: Verb, tokens: Sequence[Token]) -> Judgement:
    """Cut a trailing ``FORMAT name``; a SETTINGS clause after it stays where the engine wants it, in the body."""
    for at in range(len(tokens) - 2, 0, -1):
        name = tokens[at + 1]
        if tokens[at].keyword != "FORMAT" or name.kind is not Kind.WORD:
            continue
        rest = tokens[at + 2 :]
        if rest and rest[0].keyword != "SETTINGS":
            continue
        tail = text[rest[0].start : rest[-1].end] if rest else ""
        return Judgement(verb, f"{text[: tokens[at].start]}\n{tail}", name.text)
    return Judgement(verb, text[: tokens[-1].end], None)
