FROM python:3.13-slim AS build
WORKDIR /src
COPY requirements/run.txt requirements/run.txt
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements/run.txt
COPY . .
RUN /venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim
RUN useradd --create-home kinfold
USER kinfold
COPY --from=build /venv /venv
COPY examples /examples
ENV PATH=/venv/bin:$PATH
EXPOSE 8000
ENTRYPOINT ["kinfold"]
CMD ["serve"]
