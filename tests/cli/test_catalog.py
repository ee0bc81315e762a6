"""`adwright projects` and `adwright products` against a running system."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.terminal import Terminal
from tests.running import Customer, RunningSystem


@pytest.fixture
def terminal(system: RunningSystem, tmp_path: Path) -> Terminal:
    return Terminal(system.home, tmp_path)


@pytest.fixture
def mine(system: RunningSystem, customer: Customer) -> dict[str, str]:
    """The environment variables of a new customer."""
    return {
        "ADWRIGHT_URL": system.system.url,
        "ADWRIGHT_TOKEN": system.token(customer.id),
        "ADWRIGHT_PROJECT_ID": customer.project_id,
    }


def products_of(customer: Customer) -> dict[str, dict[str, object]]:
    answer = customer.client.get(f"/api/projects/{customer.project_id}/products").json()
    return {product["name"]: product for product in answer["products"]}


class TestCreate:
    def test_created_project_and_product_are_listed(self, terminal: Terminal, mine: dict[str, str]) -> None:
        project = terminal.good("projects", "create", "--name", "Sunny", "--colour", "#0b7a75", **mine).strip()
        assert f"{project}  Sunny\n" in terminal.good("projects", "list", **mine)
        Image.new("RGB", (300, 300), "#336699").save(terminal.folder / "lamp.png")
        made = terminal.good(
            "products", "create", "--name", "Lamp", "--price", "24.90", "--currency", "EUR", "--image", "lamp.png",
            "--feature", "folds flat", "--project", project, **mine,
        ).strip()  # fmt: skip
        assert terminal.good("products", "list", "--project", project, **mine) == f"{made}  Lamp\n"

    def test_product_is_created_with_all_its_fields_and_photos(
        self, terminal: Terminal, mine: dict[str, str], customer: Customer
    ) -> None:
        for name in ("front.png", "side.png"):
            Image.new("RGB", (300, 300), "#336699").save(terminal.folder / name)
        terminal.good(
            "products", "create", "--name", "Cabin", "--price", "120", "--currency", "eur", "--sale-price", "99.50",
            "--price-per", "night", "--kind", "place", "--goal", "book", "--condition", "no pets", "--condition", "x",
            "--offer", "Third night free", "--offer-ends", "2027-03-31", "--rating", "4.8", "--rating-count", "212",
            "--gtin", "96385074", "--image", "front.png", "--image", "https://example.com/a.jpg", "--image", "side.png",
            "--image", "https://example.com/b.jpg", **mine,
        )  # fmt: skip
        found = products_of(customer)["Cabin"]
        expected = {
            "price": "120", "currency": "EUR", "salePrice": "99.50", "pricePer": "night", "kind": "place",
            "goal": "book", "conditions": ["no pets", "x"], "gtin": "96385074", "imageCount": 2,
            "offer": {"text": "Third night free", "code": "", "ends": "2027-03-31"},
            "proof": {"rating": "4.8", "best": 5, "count": 212, "source": "", "award": ""},
            "imageUrl": "https://example.com/a.jpg", "imageUrls": ["https://example.com/b.jpg"],
        }  # fmt: skip
        assert {name: found[name] for name in expected} == expected

    def test_failed_image_upload_reports_the_created_product(
        self, terminal: Terminal, mine: dict[str, str], customer: Customer
    ) -> None:
        (terminal.folder / "bad.png").write_bytes(b"not a photo")
        problems = terminal.bad("products", "create", "--name", "Desk", "--image", "bad.png", code=1, **mine)
        created = products_of(customer)["Desk"]
        assert f"The product was created as {created['id']}, but its image bad.png was not uploaded:" in problems
        assert created.get("hasImage", False) is False

    def test_control_characters_in_names_are_escaped(self, terminal: Terminal, mine: dict[str, str]) -> None:
        terminal.good("products", "create", "--name", "Red\x1b[31m\nlamp\u202e", **mine)
        assert "Red\\x1b[31m\\x0alamp\\u202e\n" in terminal.good("products", "list", **mine)

    def test_refusals_name_the_field(self, terminal: Terminal, mine: dict[str, str]) -> None:
        assert "brand.colours[0]" in terminal.bad(
            "projects", "create", "--name", "X", "--colour", "red", code=1, **mine
        )
        assert "currency" in terminal.bad("products", "create", "--name", "X", "--price", "1.00", code=1, **mine)
        code, _, problems = terminal.run("products", "create", "--name", "X", "--image", "gone.png", **mine)
        assert (code, "--image" in problems) == (2, True)
        code, _, problems = terminal.run("products", "list", **{**mine, "ADWRIGHT_PROJECT_ID": ""})
        assert (code, "--project" in problems) == (2, True)


class TestUnderstanding:
    @pytest.fixture
    def product(self, terminal: Terminal, mine: dict[str, str]) -> str:
        features = ("--feature", "folds flat", "--feature", "not for outdoors", "--feature", "dims = saves power")
        return terminal.good("products", "create", "--name", "Lamp\x1b[31m", *features, **mine).strip()

    def test_facts_and_what_is_known_are_shown(self, terminal: Terminal, mine: dict[str, str], product: str) -> None:
        shown = terminal.good("products", "understanding", product, **mine)
        assert "\x1b" not in shown
        lines = [" ".join(line.split()) for line in shown.splitlines()]
        assert lines[0] == "Lamp[31m · Aurora"  # cleaned by the catalog
        assert "audience not said" in lines
        assert any(line.startswith("how sure") for line in lines)
        facts = lines[lines.index("Facts by role, the strongest first") + 1 :]
        for text in ("folds flat", "not for outdoors", "dims = saves power"):
            assert len([line for line in facts if text in line]) == 1

    def test_corrections_are_shown_and_reset(self, terminal: Terminal, mine: dict[str, str], product: str) -> None:
        run = ("products", "understanding", product)
        shown = terminal.good(
            *run, "--correct", "kind=good", "--correct", "sensitive=minors,faith", "--correct", "regulated=",
            "--fact", "Not for outdoors=condition", "--fact", "dims = saves power=benefit", **mine,
        )  # fmt: skip
        rows = [line.split() for line in shown.splitlines()]
        for line in ("kind good", "sensitive minors, faith", "regulated no"):
            assert [*line.split(), "corrected", "by", "you"] in rows
        (row,) = [row for row in rows if row[:1] == ["condition"]]
        assert row[1:4] == ["not", "for", "outdoors"]
        assert ["benefit", "dims", "=", "saves", "power"] in [row[:5] for row in rows]
        removed = terminal.good(*run, "--fact", f"{row[-1]}=unused", **mine)
        assert "not for outdoors" not in removed
        reset = terminal.good(*run, "--reset", "all", **mine)
        assert "corrected by you" not in reset
        assert "not for outdoors" in reset

    def test_wrong_corrections_are_refused_by_name(
        self, terminal: Terminal, mine: dict[str, str], product: str
    ) -> None:
        run = ("products", "understanding", product)
        assert "trade: is not a known trade" in terminal.bad(*run, "--correct", "trade=no such", code=1, **mine)
        assert "is no fact of the product" in terminal.bad(*run, "--fact", "floats=benefit", code=1, **mine)
        assert "--correct: 'name' is none of kind, trade" in terminal.bad(*run, "--correct", "name=x", code=2, **mine)
        assert "--correct: 'trade' is not of the form" in terminal.bad(*run, "--correct", "trade", code=2, **mine)
        assert "PRODUCT_NOT_FOUND" in terminal.bad("products", "understanding", str(uuid.uuid4()), code=1, **mine)


class TestImport:
    def test_csv_import_creates_valid_rows_once_and_prints_rejected_ones(
        self, terminal: Terminal, mine: dict[str, str], customer: Customer
    ) -> None:
        (terminal.folder / "photos").mkdir()
        Image.new("RGB", (300, 300), "#aa3300").save(terminal.folder / "photos" / "mug.png")
        (terminal.folder / "products.csv").write_text(
            "\ufeffName,Description,features,price,currency,landing_page,image\n"
            "Mug,Keeps tea warm,double wall|dishwasher safe,12.50,EUR,https://example.com/mug,photos/mug.png\n"
            'Tray,"For two mugs,\nand a pot",,8.00,,,\n'
            "Pot,Pours well,,,,,https://example.com/pot.png\n"
            "Mug,The same again,,,,,\n"
            "Lid,Fits the pot,,,,,photos/gone.png\n"
            ",Has no name,,,,,\n",
            encoding="utf-8",
        )
        line = ("products", "import", "products.csv")
        code, output, problems = terminal.run(*line, "--dry-run", **mine)
        assert (code, output) == (1, "products: 2 would be created, 0 exist already, 4 rejected\n")
        assert "Mug" not in products_of(customer)
        code, output, problems = terminal.run(*line, **mine)
        assert (code, output) == (1, "products: 2 created, 0 exist already, 4 rejected\n")
        assert "row 4 (Tray): currency: is required with a price" in problems
        assert "row 6 (Mug): name: row 2 has the same name" in problems
        assert "row 7 (Lid): image: photos/gone.png cannot be read: No such file or directory" in problems
        assert "row 8: name:" in problems
        made = products_of(customer)
        assert (made["Mug"]["features"], made["Mug"]["hasImage"]) == (["double wall", "dishwasher safe"], True)
        assert made["Pot"]["imageUrl"] == "https://example.com/pot.png"
        code, output, _ = terminal.run(*line, **mine)
        assert output == "products: 0 created, 2 exist already, 4 rejected\n"
        assert len(products_of(customer)) == len(made)

    def test_repeated_import_uploads_a_missing_image(
        self, terminal: Terminal, mine: dict[str, str], customer: Customer
    ) -> None:
        customer.client.post(f"/api/projects/{customer.project_id}/products", json={"name": "Cup"})
        Image.new("RGB", (300, 300), "#aa3300").save(terminal.folder / "cup.png")
        (terminal.folder / "p.jsonl").write_text(json.dumps({"name": "Cup", "image": "cup.png"}) + "\n")
        assert "0 created, 1 exist already" in terminal.good("products", "import", "p.jsonl", **mine)
        assert products_of(customer)["Cup"]["hasImage"] is True

    def test_large_import_waits_for_the_rate_limit_and_prints_progress(
        self, terminal: Terminal, mine: dict[str, str], customer: Customer
    ) -> None:
        rows = [{"name": f"Part {number}", "price": number, "currency": "USD"} for number in range(230)]
        (terminal.folder / "parts.json").write_text(json.dumps(rows))
        output = terminal.good("products", "import", "parts.json", **mine)
        assert "  200 of 230 products\n" in output
        assert output.endswith("products: 230 created, 0 exist already, 0 rejected\n")
        listed = terminal.good("products", "list", **mine).splitlines()
        assert len(listed) == 231  # the customer's first product included; several pages

    def test_project_import_sets_the_brand(self, terminal: Terminal, mine: dict[str, str], customer: Customer) -> None:
        name = f"Hill {uuid.uuid4()}"
        (terminal.folder / "p.csv").write_text(f"name,colours,tone words\n{name},#112233|#445566,warm|dry\n")
        assert "1 created" in terminal.good("projects", "import", "p.csv", **mine)
        found = [item for item in customer.client.get("/api/projects").json()["projects"] if item["name"] == name]
        assert [item["brand"]["colours"] for item in found] == [["#112233", "#445566"]]
        assert found[0]["brand"]["toneWords"] == ["warm", "dry"]

    def test_rejected_image_of_a_row_reports_the_created_product(
        self, terminal: Terminal, mine: dict[str, str], customer: Customer
    ) -> None:
        (terminal.folder / "bad.png").write_bytes(b"not a photo")
        (terminal.folder / "p.json").write_text(json.dumps([{"name": "Rug", "image": "bad.png"}]))
        problems = terminal.bad("products", "import", "p.json", code=1, **mine)
        assert f"the product was created as {products_of(customer)['Rug']['id']}, without its image:" in problems

    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            ("p.csv", b"name,colour_of_lid\nLid,red\n", "unknown columns: colour_of_lid. Known: name, description"),
            ("p.csv", b"name,price\nLid,1,2\n", "line 2: there are more values than column names"),
            ("p.csv", "name\nCafé\n".encode("utf-16"), "is not UTF-8"),
            ("p.json", b'[{"name": "a"}, 3]', "row 2 is not a JSON object"),
            ("p.jsonl", b'{"name": "a"}\n{"name": \n', "line 2 is not JSON"),
            ("p.xlsx", b"PK", "is not a .csv, .json or .jsonl file"),
        ],
    )
    def test_unusable_file_is_rejected_before_any_call(
        self, terminal: Terminal, name: str, content: bytes, message: str
    ) -> None:
        (terminal.folder / name).write_bytes(content)
        nobody = {"ADWRIGHT_URL": "http://127.0.0.1:9", "ADWRIGHT_TOKEN": "t", "ADWRIGHT_PROJECT_ID": str(uuid.uuid4())}
        assert message in terminal.bad("products", "import", name, code=2, **nobody)
