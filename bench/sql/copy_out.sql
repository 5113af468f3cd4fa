-- Writes the loaded rows to a file, for the bare COPY; \copy itself knows no variables.
\set copy '\\copy main.fact_line to ' :'file' ' (format binary)'
:copy
