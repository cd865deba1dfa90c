"""What happens once, when the addon is installed."""


def post_init_hook(env):
    """Take what orders are worth as what was agreed on, where nobody kept that."""
    env.flush_all()
    keep_agreed_amounts(env.cr)
    env.invalidate_all()


def keep_agreed_amounts(cr):
    """Set the original budget of confirmed orders that have none on any line.

    They were confirmed before the addon kept it: their changes are told from now on.
    """
    cr.execute(
        """
        UPDATE sale_order_line line
           SET budget_original_amount = line.budget_amount,
               budget_original_quantity = line.product_uom_qty
          FROM sale_order
         WHERE sale_order.id = line.order_id
           AND sale_order.state = 'sale'
           AND line.display_type IS NULL
           AND line.is_downpayment IS NOT TRUE
           AND NOT EXISTS (
               SELECT 1
                 FROM sale_order_line other
                WHERE other.order_id = line.order_id
                  AND (other.budget_original_amount != 0
                       OR other.budget_original_quantity != 0)
           )
        """
    )
