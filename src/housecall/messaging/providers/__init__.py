"""Those who carry texts: the port, the HTTP gateway, a twin in memory."""
