"""Reads an export as an analyst would, with Apache Arrow, and says what it found as JSON."""

import datetime
import json
import sys

import pyarrow.parquet

table = pyarrow.parquet.read_table(sys.argv[1])


def plain(value):
    return value.isoformat() if isinstance(value, datetime.datetime) else value


rows = [{name: plain(value) for name, value in row.items()} for row in table.to_pylist()]
print(json.dumps({"types": {field.name: str(field.type) for field in table.schema}, "rows": rows}))
