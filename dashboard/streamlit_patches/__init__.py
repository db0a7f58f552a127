"""Where we rely on how Streamlit works inside. Each place says on what, why, and with which version it was tried."""
