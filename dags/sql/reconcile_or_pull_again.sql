{#- Reconciling the same staged rows again would only fail again, so a retry pulls them again first. #}
{%- if ti.try_number > 1 %}
{%- include "pull.sql" %}
{%- endif %}
{%- include "reconcile.sql" %}
