using Azure.Core;
using BatchEval.Contracts;
using OpenTelemetry;

namespace Azure.Monitor.OpenTelemetry.Exporter;

public static class OpenTelemetryBuilderExtensions
{
    public static IOpenTelemetryBuilder UseAzureMonitorExporter(this IOpenTelemetryBuilder builder) => throw ContractsOnly.Refusal();

    public static IOpenTelemetryBuilder UseAzureMonitorExporter(this IOpenTelemetryBuilder builder, Action<AzureMonitorExporterOptions> configureAzureMonitor) => throw ContractsOnly.Refusal();
}

public class AzureMonitorExporterOptions
{
    public string? ConnectionString { get; set; }

    public TokenCredential? Credential { get; set; }
}
