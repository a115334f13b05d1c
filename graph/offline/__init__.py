"""The identity graph outside of Neo4j: as Parquet files, analysed by Spark, and bulk loads from files into it."""
