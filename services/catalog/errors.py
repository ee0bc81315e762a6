"""Refusals of the catalog service, with their stable reasons."""

from __future__ import annotations

from services.chassis.errors import Refusal


class ProjectNotFound(Refusal):
    reason = "PROJECT_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("Project not found.")


class ProductNotFound(Refusal):
    reason = "PRODUCT_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("Product not found.")


class ProjectLimitReached(Refusal):
    reason = "PROJECT_LIMIT_REACHED"

    def __init__(self, limit: int) -> None:
        super().__init__(f"You can have at most {limit} projects. Delete one first.")


class ProductLimitReached(Refusal):
    reason = "PRODUCT_LIMIT_REACHED"

    def __init__(self, limit: int) -> None:
        super().__init__(f"A project can have at most {limit} products. Delete one first.")


class AvatarNotFound(Refusal):
    reason = "AVATAR_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("Avatar not found.")


class AvatarLimitReached(Refusal):
    reason = "AVATAR_LIMIT_REACHED"

    def __init__(self, limit: int) -> None:
        super().__init__(f"You can have at most {limit} uploaded portraits. Delete one first.")


class ImageUnreadable(Refusal):
    reason = "IMAGE_UNREADABLE"


class ImageTooLarge(Refusal):
    reason = "IMAGE_TOO_LARGE"


class ImageLimitReached(Refusal):
    reason = "IMAGE_LIMIT_REACHED"

    def __init__(self, limit: int) -> None:
        super().__init__(f"A product can have at most {limit} uploaded photos. Delete one first.")


class ImageNotFound(Refusal):
    reason = "IMAGE_NOT_FOUND"

    def __init__(self, message: str = "The product has no uploaded photo with this id.") -> None:
        super().__init__(message)
