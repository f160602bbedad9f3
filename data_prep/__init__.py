"""From wafer maps to verl parquet: readers, geometry, rubrics, questions, writer; imports no torch."""
