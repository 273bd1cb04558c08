"""A school in which some people bear a token that stands nowhere else, in every word that is theirs."""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from shared.testing.driver import Bookbag, Session
from shared.testing.school import InventedSchool, invented_school, zipped
from tests.installation import Bench, School, went

TOKEN = "Canary7431"


def canary_school(bookbag: Bookbag, operator: Session, slug: str, seed: int, token: str = TOKEN) -> School:
    """Registers it and brings its roster in. The first pupil and the first pupil's adults are the canaries."""
    people = invented_school(seed=seed, classes=2, pupils_per_class=8, on=datetime.now(UTC).date())
    school_id = went(operator.register_school(slug, people.name)).id
    files = canary_files(people, token)
    went(operator.import_roster(zipped(files), school_id))
    pupil = people.pupil(1, 1)
    adults = tuple(replace(adult, login=f"{token}.{adult.login}") for adult in pupil.adults)
    named = replace(pupil, login=f"{token}.{pupil.login}", adults=adults)
    first = replace(people.class_(1), pupils=(named, *people.class_(1).pupils[1:]))
    return School(bookbag, operator, slug, school_id, replace(people, classes=(first, *people.classes[1:])))


def canary_files(people: InventedSchool, token: str = TOKEN) -> Mapping[str, bytes]:
    """The set with the token in the canaries' names and logins, and in the set's own ids of them."""
    canaries = {person.sourced_id for person in (people.pupil(1, 1), *people.pupil(1, 1).adults)}
    files = dict(people.files())
    rows = list(csv.DictReader(io.StringIO(files["users.csv"].decode(), newline="")))
    for row in rows:
        if row["sourcedId"] in canaries:
            row["givenName"], row["familyName"] = f"{token}-{row['givenName']}", f"{token}-{row['familyName']}"
            row["username"] = f"{token}.{row['username']}"
            row["email"] = row["email"] and f"{token}.{row['email']}"
    into = io.StringIO(newline="")
    writer = csv.DictWriter(into, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    files["users.csv"] = into.getvalue().encode()
    for sourced_id in canaries:
        spelled = re.compile(rf"\b{sourced_id}\b".encode())
        files = {name: spelled.sub(f"{token}-{sourced_id}".encode(), content) for name, content in files.items()}
    return files


def logs_with_token(bench: Bench, token: str = TOKEN) -> list[str]:
    """The log files, of every process and of the servers, in which the token stands."""
    return [path.name for path in bench.log_files() if token.casefold() in path.read_text(errors="replace").casefold()]


def tables_with_token(bench: Bench, service: str, token: str = TOKEN) -> list[str]:
    """The tables of a service's database in which the token stands, as text or in bytes."""
    tables = bench.ask(service, "SELECT schemaname, tablename FROM pg_tables WHERE schemaname <> 'pg_catalog'")
    sought = [f"%{token}%", f"%{token.encode().hex()}%"]
    return [
        table
        for schema, table in tables
        if bench.ask(service, f'SELECT FROM "{schema}"."{table}" AS t WHERE t::text ILIKE ANY(%s) LIMIT 1', (sought,))
    ]
