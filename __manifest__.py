{
    "name": "Progress Billing",
    "summary": "Bill long work in parts and take back exactly what was billed",
    "version": "19.0.1.0.0",
    "category": "Sales/Sales",
    "license": "LGPL-3",
    "author": "Progress Billing maintainers",
    "depends": ["sale_project"],
    "data": [],
    "application": False,
}
