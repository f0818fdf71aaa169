"""The one error of a classifier that cannot be exported exactly; its text names what stands in the way."""


class CannotExport(ValueError):
    """This classifier would score differently as a bundle, so no bundle is made of it."""
