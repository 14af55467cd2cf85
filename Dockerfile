# One image for the app and for workers: which of them it is, the command says (compose.yaml, docs/deployment.md).
# Nothing secret is in it: tokens and the ledger's address come from the environment when a container starts.
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /srv/reddy

# The library with its dependencies first (versions bounded in pyproject.toml): this layer changes seldom.
COPY pyproject.toml README.md LICENSE ./
COPY reddy_lib/ reddy_lib/
RUN pip install .

COPY app.py ./
COPY pages/ pages/
COPY .streamlit/config.toml .streamlit/config.toml
COPY data/ data/

# Whoever breaks into the app owns none of its files. The home is for a SQLite ledger, where no PostgreSQL is named.
RUN useradd --create-home --uid 10001 reddy && install -d -o reddy -g reddy -m 0700 /var/lib/reddy
USER reddy

EXPOSE 8501
CMD ["python", "-m", "streamlit", "run", "app.py", "--server.headless", "true", "--server.address", "0.0.0.0", "--server.port", "8501", "--server.allowedHosts", "localhost", "--server.allowedHosts", "127.0.0.1", "--server.allowedHosts", "app"]
