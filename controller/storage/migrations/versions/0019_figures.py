"""Official figures by station and day, closed months, listening checks, runs of the centre

Revision: 0019; follows: 0018
"""

import sqlalchemy as sa
from alembic import op


revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('centre_run',
    sa.Column('centre_run_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('alive_until_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('centre_run_id', name=op.f('pk_centre_run'))
    )
    op.create_index(op.f('ix_centre_run_alive_until_at'), 'centre_run', ['alive_until_at'], unique=False)
    op.create_table('day_figure',
    sa.Column('station_id', sa.String(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('live_ready_s', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('live_degraded_s', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('live_down_s', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('live_unknown_s', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('live_maint_s', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('settled_ready_s', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('settled_degraded_s', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('settled_down_s', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('settled_unknown_s', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('settled_maint_s', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('all_live_ready_s', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('all_live_degraded_s', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('all_live_down_s', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('all_live_unknown_s', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('all_live_maint_s', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('all_settled_ready_s', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('all_settled_degraded_s', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('all_settled_down_s', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('all_settled_unknown_s', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('all_settled_maint_s', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('causes', sa.JSON(), nullable=False),
    sa.Column('outages', sa.JSON(), nullable=False),
    sa.Column('due', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('planned_ms', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('played_ms', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('punctual', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('plays', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('verified', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('heard_checks', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('outcomes', sa.JSON(), nullable=False),
    sa.Column('heard_ms', sa.JSON(), nullable=False),
    sa.Column('bulletins', sa.JSON(), nullable=False),
    sa.Column('may_settle', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['station_id'], ['station.station_id'], name=op.f('fk_day_figure_station_id')),
    sa.PrimaryKeyConstraint('station_id', 'day', name=op.f('pk_day_figure'))
    )
    op.create_index(op.f('ix_day_figure_day'), 'day_figure', ['day'], unique=False)
    op.create_table('journal_told',
    sa.Column('station_id', sa.String(), nullable=False),
    sa.Column('journal_id', sa.String(), nullable=False),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['station_id'], ['station.station_id'], name=op.f('fk_journal_told_station_id')),
    sa.PrimaryKeyConstraint('station_id', 'journal_id', name=op.f('pk_journal_told'))
    )
    op.create_table('listening_check',
    sa.Column('listening_check_id', sa.String(), nullable=False),
    sa.Column('station_id', sa.String(), nullable=False),
    sa.Column('cluster_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('heard', sa.String(), nullable=False),
    sa.Column('listened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('note', sa.String(), nullable=False),
    sa.Column('checked_by', sa.String(), nullable=False),
    sa.Column('checked_by_name', sa.String(), nullable=False),
    sa.Column('written_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("heard in ('heard','weak','not_heard')", name=op.f('ck_listening_check_heard')),
    sa.ForeignKeyConstraint(['checked_by'], ['account.account_id'], name=op.f('fk_listening_check_checked_by')),
    sa.ForeignKeyConstraint(['station_id'], ['station.station_id'], name=op.f('fk_listening_check_station_id')),
    sa.PrimaryKeyConstraint('listening_check_id', name=op.f('pk_listening_check'))
    )
    op.create_index(op.f('ix_listening_check_station_id_listened_at'), 'listening_check', ['station_id', 'listened_at'], unique=False)
    op.create_table('month_close',
    sa.Column('month_close_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('station_id', sa.String(), nullable=False),
    sa.Column('basis', sa.String(), nullable=False),
    sa.Column('first_on', sa.Date(), nullable=False),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('names', sa.JSON(), nullable=False),
    sa.Column('figures', sa.JSON(), nullable=False),
    sa.CheckConstraint("basis in ('administrative','calendar')", name=op.f('ck_month_close_basis')),
    sa.ForeignKeyConstraint(['station_id'], ['station.station_id'], name=op.f('fk_month_close_station_id')),
    sa.PrimaryKeyConstraint('month_close_id', name=op.f('pk_month_close')),
    sa.UniqueConstraint('station_id', 'basis', 'first_on', name=op.f('uq_month_close_station_id_basis_first_on'))
    )
    op.create_index(op.f('ix_month_close_basis_first_on'), 'month_close', ['basis', 'first_on'], unique=False)
    op.create_table('stale_day',
    sa.Column('station_id', sa.String(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.ForeignKeyConstraint(['station_id'], ['station.station_id'], name=op.f('fk_stale_day_station_id')),
    sa.PrimaryKeyConstraint('station_id', 'day', name=op.f('pk_stale_day'))
    )
    op.add_column('station_state', sa.Column('journal_told_at', sa.DateTime(timezone=True), nullable=True))
