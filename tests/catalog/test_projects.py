"""Projects: created, listed, changed and deleted by their owner only, within the limit."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.catalog.harness import PROJECTS_PER_USER, CatalogHarness, Refused
from tests.catalog.photos import photo

UNKNOWN = "4be0643f-1d98-473b-97cd-ca98a65347dd"
BRAND = {
    "colours": ["#1d2a8c", "#FFAA00"],
    "logo_url": "https://example.com/logo.png",
    "font": "Inter",
    "tone_words": ["warm", "dry"],
    "banned_words": ["cheap"],
    "spelling": "british",
    "pronunciations": {"Nguyen": "win"},
}


class TestCreation:
    async def test_project_is_returned_as_it_was_created(self, harness: CatalogHarness) -> None:
        user = harness.user()
        created = await user.call("CreateProject", name="Aurora", brand=BRAND)
        assert (created.name, created.brand.tone_words, dict(created.brand.pronunciations)) == (
            "Aurora",
            ["warm", "dry"],
            {"Nguyen": "win"},
        )
        assert created.created_at == created.updated_at
        assert created.created_at.ToDatetime() == harness.clock.now().replace(tzinfo=None)
        assert await harness.user(replica=1).call("GetProject", project_id=created.id) == created

    async def test_project_without_a_brand_has_an_empty_one(self, harness: CatalogHarness) -> None:
        user = harness.user()
        project = await user.call("GetProject", project_id=await user.create_project())
        assert project.brand.ByteSize() == 0

    async def test_invalid_field_is_named_as_in_json(self, harness: CatalogHarness) -> None:
        invalid: list[tuple[dict[str, Any], str]] = [
            ({"name": ""}, "name"),
            ({"name": "x" * 121}, "name"),
            ({"name": "x\0"}, "name"),
            ({"name": "x", "brand": {"colours": ["blue"]}}, "brand.colours[0]"),
            ({"name": "x", "brand": {"colours": ["#000000"] * 6}}, "brand.colours"),
            ({"name": "x", "brand": {"logo_url": "ftp://example.com/logo.png"}}, "brand.logoUrl"),
            ({"name": "x", "brand": {"spelling": "canadian"}}, "brand.spelling"),
            ({"name": "x", "brand": {"tone_words": [""]}}, "brand.toneWords[0]"),
        ]
        for fields, field in invalid:
            with pytest.raises(Refused) as refused:
                await harness.user().call("CreateProject", **fields)
            assert (refused.value.code, refused.value.reason) == ("INVALID_ARGUMENT", "VALIDATION_FAILED"), fields
            assert list(refused.value.fields) == [field]


class TestSpellingOfColours:
    @pytest.mark.parametrize("given", [("colours",), ("colors",), ("colours", "colors")])
    async def test_either_spelling_is_accepted_and_both_are_returned(
        self, harness: CatalogHarness, given: tuple[str, ...]
    ) -> None:
        user, colours = harness.user(), ["#1d2a8c", "#FFAA00"]
        created = await user.call("CreateProject", name="x", brand=dict.fromkeys(given, colours))
        replaced = await user.call(
            "UpdateProject", project_id=await user.create_project(), brand=dict.fromkeys(given, colours)
        )
        for project in (created, replaced, await user.call("GetProject", project_id=created.id)):
            assert (list(project.brand.colours), list(project.brand.colors)) == (colours, colours)

    async def test_a_brand_can_be_sent_back_as_it_was_read(self, harness: CatalogHarness) -> None:
        user = harness.user()
        created = await user.call("CreateProject", name="x", brand={"colors": ["#1d2a8c"], "font": "Lora"})
        updated = await user.call("UpdateProject", project_id=created.id, brand=created.brand)
        assert updated.brand == created.brand

    async def test_different_colours_in_both_are_refused(self, harness: CatalogHarness) -> None:
        with pytest.raises(Refused) as refused:
            await harness.user().call("CreateProject", name="x", brand={"colours": ["#111111"], "colors": ["#222222"]})
        assert refused.value.fields == {
            "brand": "has different colours and colors: send one of them, or the same in both"
        }

    @pytest.mark.parametrize(
        ("colours", "colors", "expected"),
        [
            (["#222222"], ["#aaaaaa", "#bbbbbb"], ["#222222"]),
            (["#aaaaaa", "#bbbbbb"], ["#222222"], ["#222222"]),
            (["#AAAAAA", "#bbbbbb"], ["#222222"], ["#222222"]),
            (["#bbbbbb", "#aaaaaa"], ["#AAAAAA", "#BBBBBB"], ["#bbbbbb", "#aaaaaa"]),
            (["#cccccc"], ["#CCCCCC"], ["#cccccc"]),
            (["#aaaaaa", "#bbbbbb"], ["#AAAAAA", "#BBBBBB"], ["#AAAAAA", "#BBBBBB"]),
            ([], ["#aaaaaa", "#bbbbbb"], ["#aaaaaa", "#bbbbbb"]),  # one spelling alone, unchanged
            (["#aaaaaa", "#bbbbbb"], [], ["#aaaaaa", "#bbbbbb"]),
            ([], [], []),
        ],
    )
    async def test_update_takes_the_colours_that_were_edited(
        self, harness: CatalogHarness, colours: list[str], colors: list[str], expected: list[str]
    ) -> None:
        user = harness.user()
        project_id = await user.create_project(brand={"colours": ["#aaaaaa", "#bbbbbb"]})
        brand = {"colours": colours, "colors": colors, "font": "Lora"}
        updated = await user.call("UpdateProject", project_id=project_id, brand=brand)
        assert (list(updated.brand.colours), list(updated.brand.colors)) == (expected, expected)
        assert await user.call("GetProject", project_id=project_id) == updated

    async def test_update_with_two_different_edits_is_refused(self, harness: CatalogHarness) -> None:
        user = harness.user()
        project_id = await user.create_project(brand={"colours": ["#aaaaaa"]})
        with pytest.raises(Refused) as refused:
            await user.call(
                "UpdateProject", project_id=project_id, brand={"colours": ["#111111"], "colors": ["#222222"]}
            )
        assert "colours and colors" in refused.value.fields["brand"]
        assert list((await user.call("GetProject", project_id=project_id)).brand.colours) == ["#aaaaaa"]

    async def test_creation_compares_colours_without_case(self, harness: CatalogHarness) -> None:
        brand = {"colours": ["#aabbcc"], "colors": ["#AABBCC"]}
        created = await harness.user().call("CreateProject", name="x", brand=brand)
        assert list(created.brand.colours) == list(created.brand.colors) == ["#aabbcc"]

    async def test_invalid_colour_is_named_in_the_spelling_of_the_request(self, harness: CatalogHarness) -> None:
        with pytest.raises(Refused) as refused:
            await harness.user().call("CreateProject", name="x", brand={"colors": ["red"]})
        assert refused.value.fields == {"brand.colors[0]": "must be a colour such as #1d2a8c"}


class TestLimit:
    async def test_project_above_the_limit_is_refused_until_one_is_deleted(self, harness: CatalogHarness) -> None:
        user = harness.user()
        projects = [await user.create_project() for _ in range(PROJECTS_PER_USER)]
        with pytest.raises(Refused) as refused:
            await user.create_project()
        assert (refused.value.code, refused.value.reason) == ("ABORTED", "PROJECT_LIMIT_REACHED")
        assert refused.value.message == f"You can have at most {PROJECTS_PER_USER} projects. Delete one first."
        await harness.user("other").create_project()
        await user.call("DeleteProject", project_id=projects[0])
        await user.create_project()

    async def test_concurrent_creation_never_exceeds_the_limit(self, harness: CatalogHarness) -> None:
        """The table lock lets every transaction that may count projects do so before any of them inserts one."""
        for _ in range(PROJECTS_PER_USER - 1):
            await harness.user().create_project()
        async with harness.lock_rows("lock table project in share row exclusive mode"):
            calls = [asyncio.ensure_future(harness.user(replica=n % 2).create_project()) for n in range(4)]
            await harness.until_statements_wait_for_locks(4)
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        reasons = sorted(outcome.reason if isinstance(outcome, Refused) else "created" for outcome in outcomes)
        assert reasons == ["PROJECT_LIMIT_REACHED"] * 3 + ["created"]
        assert len((await harness.user().call("ListProjects")).projects) == PROJECTS_PER_USER


class TestUpdate:
    async def test_absent_fields_keep_their_values(self, harness: CatalogHarness) -> None:
        user = harness.user()
        created = await user.call("CreateProject", name="Aurora", brand=BRAND)
        harness.clock.advance(60)
        updated = await user.call("UpdateProject", project_id=created.id, name="Borealis")
        assert (updated.name, updated.brand) == ("Borealis", created.brand)
        assert updated.created_at == created.created_at
        assert updated.updated_at.seconds - created.updated_at.seconds == 60
        assert await user.call("GetProject", project_id=created.id) == updated

    async def test_brand_is_replaced_as_a_whole(self, harness: CatalogHarness) -> None:
        user = harness.user()
        created = await user.call("CreateProject", name="Aurora", brand=BRAND)
        updated = await user.call("UpdateProject", project_id=created.id, brand={"font": "Lora"})
        assert (updated.name, updated.brand.font, list(updated.brand.colours)) == ("Aurora", "Lora", [])
        updated = await user.call("UpdateProject", project_id=created.id, brand={})
        assert updated.brand.ByteSize() == 0

    async def test_empty_name_is_refused_and_changes_nothing(self, harness: CatalogHarness) -> None:
        user = harness.user()
        project_id = await user.create_project()
        with pytest.raises(Refused) as refused:
            await user.call("UpdateProject", project_id=project_id, name="", brand={"font": "Lora"})
        assert list(refused.value.fields) == ["name"]
        project = await user.call("GetProject", project_id=project_id)
        assert (project.name, project.brand.font) == ("Aurora", "")

    async def test_concurrent_updates_of_different_fields_are_both_kept(self, harness: CatalogHarness) -> None:
        """The row lock lets both transactions read the project before either changes it, unless they lock it first."""
        project_id = await harness.user().create_project()
        async with harness.lock_rows("select 1 from project where id = %s for update", project_id):
            calls = [
                asyncio.ensure_future(harness.user().call("UpdateProject", project_id=project_id, name="Borealis")),
                asyncio.ensure_future(
                    harness.user(replica=1).call("UpdateProject", project_id=project_id, brand={"font": "Lora"})
                ),
            ]
            await harness.until_statements_wait_for_locks(2)
        await asyncio.gather(*calls)
        project = await harness.user().call("GetProject", project_id=project_id)
        assert (project.name, project.brand.font) == ("Borealis", "Lora")


class TestDeletion:
    async def test_products_and_their_photos_are_deleted_with_their_project(self, harness: CatalogHarness) -> None:
        user = harness.user()
        project_id, other_project_id = await user.create_project(), await user.create_project()
        products = [await user.create_product(project_id) for _ in range(2)]
        kept = await user.create_product(other_project_id)
        for product_id in products:
            await user.upload_photo(product_id, photo("red"))
        await user.upload_photo(kept, photo("blue"))
        await user.call("DeleteProject", project_id=project_id)
        for method, fields in (
            ("GetProject", {"project_id": project_id}),
            ("ListProducts", {"project_id": project_id}),
            ("DeleteProject", {"project_id": project_id}),
            *(("GetProduct", {"product_id": product_id}) for product_id in products),
        ):
            with pytest.raises(Refused) as refused:
                await user.call(method, **fields)
            assert refused.value.code == "NOT_FOUND"
        assert (await user.call("GetProduct", product_id=kept)).has_image
        assert harness.photos() == [photo("blue")]

    async def test_product_created_while_its_project_is_deleted_is_not_found(self, harness: CatalogHarness) -> None:
        project_id = await harness.user().create_project()
        async with harness.lock_rows("delete from project where id = %s", project_id):
            call = asyncio.ensure_future(harness.user().create_product(project_id))
            await harness.until_statements_wait_for_locks(1)
        with pytest.raises(Refused) as refused:
            await call
        assert refused.value.reason == "PROJECT_NOT_FOUND"


class TestOwnership:
    @pytest.mark.parametrize(
        ("method", "fields"),
        [
            ("GetProject", {}),
            ("UpdateProject", {"name": "Stolen"}),
            ("DeleteProject", {}),
            ("ListProducts", {}),
            ("CreateProduct", {"name": "Bottle"}),
        ],
    )
    async def test_project_of_another_user_is_refused_like_an_unknown_one(
        self, harness: CatalogHarness, method: str, fields: dict[str, str]
    ) -> None:
        project_id = await harness.user().create_project()
        refusals = []
        for unknown in (project_id, UNKNOWN):
            with pytest.raises(Refused) as refused:
                await harness.user("stranger").call(method, project_id=unknown, **fields)
            refusals.append((refused.value.code, refused.value.reason, refused.value.message))
        assert refusals == [("NOT_FOUND", "PROJECT_NOT_FOUND", "Project not found.")] * 2
        assert (await harness.user().call("GetProject", project_id=project_id)).name == "Aurora"
        assert not (await harness.user().call("ListProducts", project_id=project_id)).products

    async def test_lists_hold_own_projects_only(self, harness: CatalogHarness) -> None:
        mine = await harness.user().create_project()
        await harness.user("other").create_project()
        assert [project.id for project in (await harness.user().call("ListProjects")).projects] == [mine]

    async def test_services_cannot_act_as_users_nor_users_as_services(self, harness: CatalogHarness) -> None:
        with pytest.raises(Refused) as refused:
            await harness.service().create_project()
        assert (refused.value.code, refused.value.reason) == ("PERMISSION_DENIED", "FORBIDDEN")
        with pytest.raises(Refused) as refused:
            await harness.user().brief("u", UNKNOWN, UNKNOWN)
        assert (refused.value.code, refused.value.reason) == ("PERMISSION_DENIED", "FORBIDDEN")

    async def test_malformed_id_is_refused_as_invalid(self, harness: CatalogHarness) -> None:
        with pytest.raises(Refused) as refused:
            await harness.user().call("GetProject", project_id="aurora")
        assert (refused.value.reason, list(refused.value.fields)) == ("VALIDATION_FAILED", ["projectId"])
