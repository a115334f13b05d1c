"""The identity graph as Parquet files, analysed by Spark."""
