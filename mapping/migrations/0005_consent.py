"""Consent: the basis of an account, the ledger of decisions, which is only added to, and who writes a contact now."""

import connections.tenancy
import django.db.models.deletion
import uuid
from django.db import migrations, models

LEDGER = "mapping_consententry"


def restrict_roles(apps, schema_editor):
    """Take back what default privileges gave: nobody changes an entry, and only the operators' role erases one."""
    quote = schema_editor.connection.ops.quote_name
    application, operators = connections.tenancy.application_roles()
    rights = ((application, "SELECT, INSERT"), (operators, "SELECT, INSERT, DELETE"))
    for role, left in ((quote(role), left) for role, left in rights if role):
        schema_editor.execute(f"REVOKE ALL ON {LEDGER} FROM {role}")
        schema_editor.execute(f"GRANT {left} ON {LEDGER} TO {role}")


class Migration(migrations.Migration):

    dependencies = [
        ('connections', '0013_provider_facts'),
        ('mapping', '0004_choice_ids'),
    ]

    operations = [
        migrations.CreateModel(
            name='ConsentBasis',
            fields=[
                ('connection', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='consent_basis', serialize=False, to='connections.connection')),
                ('kind', models.CharField(choices=[('customers', 'Customers, or people with a running contract'), ('members', 'Members of the organisation'), ('donors', 'Donors'), ('other', 'Something else, as the words say')], max_length=12)),
                ('statement', models.CharField(max_length=500)),
                ('given_by', models.CharField(max_length=300)),
                ('given_at', models.DateTimeField()),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'verbose_name_plural': 'consent bases',
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='consentbasis_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='consentbasis_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='consentbasis_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id'))],
            },
        ),
        migrations.CreateModel(
            name='ConsentEntry',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('connection_id', models.UUIDField()),
                ('contact_id', models.UUIDField(blank=True, null=True)),
                ('email', models.CharField(blank=True, max_length=320)),
                ('call', models.CharField(blank=True, max_length=12)),
                ('outcome', models.CharField(choices=[('sent', 'Sent'), ('skipped', 'Not written'), ('refused', 'Refused at Constant Contact')], max_length=8)),
                ('reason', models.CharField(blank=True, max_length=40)),
                ('permission', models.CharField(blank=True, max_length=24)),
                ('opt_in_source', models.CharField(blank=True, max_length=8)),
                ('will', models.CharField(max_length=16)),
                ('evidence', models.JSONField(default=dict)),
                ('basis', models.JSONField(default=dict)),
                ('decided_by', models.CharField(max_length=300)),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('undoes', models.UUIDField(blank=True, null=True)),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='connections.tenant')),
            ],
            options={
                'verbose_name': 'entry of the consent ledger',
                'verbose_name_plural': 'consent ledger',
                'ordering': ['-at', 'id'],
                'indexes': [models.Index(fields=['tenant', 'connection_id', 'contact_id', 'at'], name='consententry_by_contact')],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='consententry_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='consententry_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id'))],
            },
        ),
        migrations.CreateModel(
            name='ContactLock',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('contact_id', models.UUIDField()),
                ('owner', models.UUIDField()),
                ('until', models.DateTimeField()),
                ('connection', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.connection')),
                ('environment', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.environment')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.tenant')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [connections.tenancy.RowSecurity(findable=False, name='contactlock_row_security', scope='environment'), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id'), name='contactlock_same_environment', on_delete='CASCADE', table='connections_environment', targets=('tenant_id', 'id')), connections.tenancy.SameTenant(columns=('tenant_id', 'environment_id', 'connection_id'), name='contactlock_connection_same_tenant', on_delete='CASCADE', table='connections_connection', targets=('tenant_id', 'environment_id', 'id')), models.UniqueConstraint(fields=('tenant', 'connection', 'contact_id'), name='contactlock_once')],
            },
        ),
        migrations.RunPython(restrict_roles, migrations.RunPython.noop),
    ]
