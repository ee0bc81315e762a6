"""Refusals of the catalog service, with their stable reasons."""

from __future__ import annotations

from services.chassis.errors import Refusal, RefusalKind


class ProjectNotFound(Refusal):
    """The project does not exist, or belongs to another user."""

    kind = RefusalKind.NOT_FOUND
    reason = "PROJECT_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("Project not found.")


class ProductNotFound(Refusal):
    """The product does not exist, or belongs to another user or another project."""

    kind = RefusalKind.NOT_FOUND
    reason = "PRODUCT_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("Product not found.")


class ProjectLimitReached(Refusal):
    """The user has as many projects as allowed."""

    kind = RefusalKind.CONFLICT
    reason = "PROJECT_LIMIT_REACHED"

    def __init__(self, limit: int) -> None:
        super().__init__(f"You can have at most {limit} projects. Delete one first.")


class ProductLimitReached(Refusal):
    """The project has as many products as allowed."""

    kind = RefusalKind.CONFLICT
    reason = "PRODUCT_LIMIT_REACHED"

    def __init__(self, limit: int) -> None:
        super().__init__(f"A project can have at most {limit} products. Delete one first.")


class ImageUnreadable(Refusal):
    """The upload is not a photo that can be used: damaged, too small, or of a format that is not accepted."""

    kind = RefusalKind.INVALID
    reason = "IMAGE_UNREADABLE"


class ImageTooLarge(Refusal):
    """The upload exceeds the limit of a product photo, in bytes or in pixels."""

    kind = RefusalKind.TOO_LARGE
    reason = "IMAGE_TOO_LARGE"


class ImageLimitReached(Refusal):
    """The product has as many uploaded photos as allowed."""

    kind = RefusalKind.CONFLICT
    reason = "IMAGE_LIMIT_REACHED"

    def __init__(self, limit: int) -> None:
        super().__init__(f"A product can have at most {limit} uploaded photos. Delete one first.")


class ImageNotFound(Refusal):
    """The product has no uploaded photo, or none with this id."""

    kind = RefusalKind.NOT_FOUND
    reason = "IMAGE_NOT_FOUND"

    def __init__(self, message: str = "The product has no uploaded photo with this id.") -> None:
        super().__init__(message)
