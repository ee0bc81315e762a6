"""`python -m deploy.compose`: writes what compose.yaml mounts: keys, the gateway's configuration, databases.sql."""

from __future__ import annotations

from gateway.render import render
from gateway.settings import SERVICES, Address, GatewaySettings
from local.home import AUDIENCE, ISSUER, ROOT, Home
from local.system import DATABASES

DESCRIPTORS = "/etc/adwright/descriptors.binpb"
KEYS = "/etc/adwright/jwks.json"
CREATED = "catalog"  # by the image of PostgreSQL itself: POSTGRES_DB


def configuration() -> str:
    """Renders the gateway's configuration, with the paths inside its container."""
    text = render(
        GatewaySettings(
            listen=Address(host="0.0.0.0", port=8080),  # noqa: S104 - inside the container; compose.yaml publishes one port
            upstreams={name: Address(host=name, port=7100) for name in SERVICES},
            token_issuer=ISSUER,
            token_audience=AUDIENCE,
            token_jwks=KEYS,
            descriptors=ROOT / "gen" / "descriptors.binpb",
        )
    )
    return text.replace(str(ROOT / "gen" / "descriptors.binpb"), DESCRIPTORS)


def databases() -> str:
    """Returns the SQL that PostgreSQL's container runs once, before it accepts connections.

    A mounted file, because podman-compose ignores `configs` with `content`.
    """
    return "".join(f"create database {name};\n" for name in DATABASES if name != CREATED)


def main() -> None:
    home = Home(ROOT / "var")
    home.prepare()
    folder = home.folder / "compose"
    folder.mkdir(exist_ok=True)
    (folder / "envoy.json").write_text(configuration(), encoding="utf-8")
    (folder / "databases.sql").write_text(databases(), encoding="utf-8")
    # The containers' users must be able to read them; the folder above is accessible to its owner only.
    for name in ("service-secret", "asset-secret"):
        (home.keys / name).chmod(0o644)
    print("var/ holds what compose.yaml needs: docker compose up --build")


if __name__ == "__main__":
    main()
