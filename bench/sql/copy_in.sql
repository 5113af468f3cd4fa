-- The bare COPY: rows that are made, checked and counted already.
\set copy '\\copy main.fact_line from ' :'file' ' (format binary)'
:copy
