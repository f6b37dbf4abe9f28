"""What the server shows each visitor: the page, in the state of the browser's address."""

from typing import Any

import solara

from policymix.app.page import Page as Content


@solara.component
def Page() -> Any:  # noqa: N802
    """The page as a site of its own."""
    router = solara.use_router()
    solara.Title("policymix")
    return Content(query=solara.use_memo(lambda: router.search or "", []), own_address=True)
