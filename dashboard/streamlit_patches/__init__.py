"""Where we rely on how Streamlit works inside. Each place says on what, why, and with which version it was tried."""

from pathlib import Path
from typing import Final

PAGE_SCRIPT: Final = Path(__file__).with_name("page_script.js")
