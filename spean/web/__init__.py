"""What all pages share: the frame, components, navigation, language, home page, error pages, static files.

No rule and no table lives here; a page of a stage lives in the room of that stage.
"""
