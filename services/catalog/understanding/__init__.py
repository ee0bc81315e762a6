"""What a product's texts say: its trade and kind, its facts with their roles, its language."""
