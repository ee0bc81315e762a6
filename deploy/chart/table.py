"""chart.toml: the switches and values of the chart."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploy.chart.rendering import Rendering, Resource
from deploy.chart.tree import Lifted, replaced

FOLDER: Final = Path(__file__).resolve().parent
IMAGE: Final = re.compile(r"(?P<repository>(?:.*/)?adwright)(?::(?P<tag>[^@]+))?(?:@(?P<digest>.+))?")

Path_ = tuple[str, ...]  # of a value: ("postgres", "instances")
Values = dict[Path_, Any]


@dataclass(frozen=True, slots=True)
class Switch:
    """A component that the chart's values turn on; see chart.toml."""

    name: str
    component: str
    when: str
    context: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    namespace: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A value of the manifests that the chart's values give; see chart.toml."""

    path: Path_
    kind: str
    name: str
    at: tuple[str | int, ...]

    def path_in(self, resource: Resource) -> Path_ | None:
        """Returns the path of the value in a resource's place, or None where the resource has another kind or name."""
        name = resource["metadata"]["name"]
        if resource["kind"] != self.kind or not re.fullmatch(self.name, name):
            return None
        return tuple(name if step == "*" else step for step in self.path)


@dataclass(frozen=True, slots=True)
class Table:
    """All of chart.toml."""

    switches: tuple[Switch, ...]
    places: tuple[Place, ...]
    comments: Mapping[str, str]

    def conditions(self) -> dict[str, str]:
        """Returns the Go expressions of the switches, and of the overlay for a trial."""
        return {switch.name: switch.when for switch in self.switches} | {"trial": "$.Values.trial.enabled"}

    def components(self, names: Iterable[str]) -> tuple[str, ...]:
        """Returns the components of these switches, in the table's order."""
        wanted = set(names)
        return tuple(switch.component for switch in self.switches if switch.name in wanted)

    def lift(self, rendering: Rendering) -> tuple[Rendering, Values]:
        """Returns resources with references to the chart's values, and what those are in the rendering."""
        lifted, values = {}, Values()
        for key, resource in rendering.items():
            found = self._lift_resource(resource, values)
            lifted[key] = _lift_image(found, values)
        return lifted, values

    def _lift_resource(self, resource: Resource, values: Values) -> Resource:
        for place in self.places:
            path = place.path_in(resource)
            if path is None:
                continue

            def by(old: Any, path: Path_ = path) -> Lifted:
                if values.setdefault(path, old) != old:
                    raise ValueError(f"{'.'.join(path)} has two values: {values[path]} and {old}")
                return Lifted(path)

            resource = replaced(resource, place.at, by)
        return resource


def _lift_image(resource: Resource, values: Values) -> Resource:
    def by(old: str) -> Any:
        found = IMAGE.fullmatch(old)
        if found is None:
            return old
        values.update({("image", name): text or "" for name, text in found.groupdict().items()})
        return Lifted(("image",), 'include "adwright.image" $')

    return dict(replaced(resource, ("spec", "template", "spec", "containers", 0, "image"), by))


def read_table() -> Table:
    """Returns chart.toml's table."""
    text = (FOLDER / "chart.toml").read_text(encoding="utf-8")
    found = tomllib.loads(text)
    return Table(
        switches=tuple(
            Switch(
                name=row["name"],
                component=row["component"],
                when=row["when"],
                context=tuple(row.get("with", ())),
                needs=tuple(row.get("needs", ())),
                namespace=row.get("namespace", False),
            )
            for row in found["switch"]
        ),
        places=tuple(
            Place(path=tuple(row["value"]), kind=row["of"][0], name=row["of"][1], at=tuple(row["at"]))
            for row in found["value"]
        ),
        comments=found["comments"],
    )
