"""The meeting services."""
