using BatchEval.Contracts;
using OpenTelemetry;

namespace Azure.Monitor.OpenTelemetry.Exporter;

public static class OpenTelemetryBuilderExtensions
{
    public static IOpenTelemetryBuilder UseAzureMonitorExporter(this IOpenTelemetryBuilder builder) => throw ContractsOnly.Refusal();
}
