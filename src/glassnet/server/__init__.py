"""The Playground's server: sessions that train, the messages they speak, and the shell that carries them."""
