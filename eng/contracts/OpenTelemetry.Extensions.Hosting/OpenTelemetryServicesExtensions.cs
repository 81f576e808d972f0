using BatchEval.Contracts;
using OpenTelemetry;

namespace Microsoft.Extensions.DependencyInjection;

public static class OpenTelemetryServicesExtensions
{
    public static OpenTelemetryBuilder AddOpenTelemetry(this IServiceCollection services) => throw ContractsOnly.Refusal();
}
