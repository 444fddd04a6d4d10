"""The helpers without knowledge of ETNA: times, text, origins, and HTTP whose failures hold no secret."""
