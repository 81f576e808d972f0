using BatchEval.Contracts;
using Microsoft.Extensions.DependencyInjection;

namespace OpenTelemetry;

public sealed class OpenTelemetryBuilder : IOpenTelemetryBuilder
{
    internal OpenTelemetryBuilder()
    {
    }

    public IServiceCollection Services => throw ContractsOnly.Refusal();
}
