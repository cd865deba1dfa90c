"""Money without the ORM: plain functions over plain values, standard library only."""
