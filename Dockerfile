# A viewer with its data in /data: docker build -t runicorn . && docker run -p 127.0.0.1:23300:23300 -v runicorn:/data runicorn
# tests/packaging/test_the_container_files_fit_the_program.py
FROM python:3.13.9-slim-trixie AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN apt-get update && apt-get install --yes --no-install-recommends binutils
RUN python3 -m venv /opt/runicorn
COPY . /source
# Only what a server runs stays. Modules are compiled last, because the root file system may be read-only later.
RUN cd /opt/runicorn \
 && bin/pip install --no-compile /source/sdk "/source[postgresql,valkey,alerts,s3]" \
 && bin/pip uninstall --yes pip \
 && find . -type d \( -path '*/site-packages/*/tests' -o -path '*/twisted/*test' -o -path '*/autobahn/*test' \
      -o -path '*/twisted/conch' -o -path '*/twisted/mail' -o -path '*/twisted/names' -o -path '*/twisted/words' \
      -o -path '*/autobahn/_flatc' -o -path '*/numpy/f2py' -o -path '*/include' \) -prune -exec rm -rf {} + \
 && find . -path '*/botocore/data/*' -prune -type d ! -name s3 ! -name 'sso*' ! -name sts -exec rm -rf {} + \
 && find . -path '*/locale/*' -type d ! -name en ! -name zh_Hans ! -name LC_MESSAGES -prune -exec rm -rf {} + \
 && find . -type f \( -name '*.po' -o -name '*.pyi' -o -name '*.map' -o -name '*.a' \) -delete \
 && find . -type f -name '*.so*' -exec strip --strip-unneeded {} + \
 && bin/python -m compileall -q -x 'pygments/lexers' lib

FROM python:3.13.9-slim-trixie
RUN groupadd --gid 10001 runicorn \
 && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin runicorn \
 && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=build /opt/runicorn /opt/runicorn
ENV PATH=/opt/runicorn/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    RUNICORN_DIR=/data/runs \
    RUNICORN_CONFIG_DIR=/data/config \
    RUNICORN_DATA_DIR=/data/state \
    RUNICORN_TOKEN=auto
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 23300
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:23300/healthz', timeout=4)"]
ENTRYPOINT ["runicorn"]
CMD ["viewer", "--host", "0.0.0.0", "--no-open"]
