"""The calendar of a file made before it had all its columns. A server gets all tables at once, by init, so only a file can lack one."""

from wh import Warehouse


def test_a_calendar_gets_the_column_it_lacked(tmp_path):
    """Nothing feeds it, so the program fills the column itself, wherever it stands in the contract."""
    w = Warehouse(tmp_path / "w", shipped=True)
    path = w.folder / "contracts" / "dim_date.yaml"
    today = path.read_text()
    start, end = today.index("      - name: begins_at"), today.index("      - name: year")
    path.write_text(today[:start] + today[end:])
    (w.folder / "marts" / "availability_by_seller_month.sql").unlink()  # it asks for the column
    w.run("migrate")
    assert "begins_at" not in w.sql("select * from dim_date limit 1")[0]
    path.write_text(today)
    w.run("migrate")
    new = Warehouse(tmp_path / "new", shipped=True)
    new.run("migrate")
    assert w.value("select count(begins_at) from dim_date") == 18628
    assert w.hash()["dim_date"] == new.hash()["dim_date"]
    w.run("verify")
