using BatchEval.Contracts;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Builder;

public class FunctionsApplication
{
    private FunctionsApplication()
    {
    }

    public static FunctionsApplicationBuilder CreateBuilder(string[] args) => throw ContractsOnly.Refusal();
}

public class FunctionsApplicationBuilder : IHostApplicationBuilder, IFunctionsWorkerApplicationBuilder
{
    internal FunctionsApplicationBuilder()
    {
    }

    public IDictionary<object, object> Properties => throw ContractsOnly.Refusal();

    public ConfigurationManager Configuration => throw ContractsOnly.Refusal();

    public IHostEnvironment Environment => throw ContractsOnly.Refusal();

    public ILoggingBuilder Logging => throw ContractsOnly.Refusal();

    public IMetricsBuilder Metrics => throw ContractsOnly.Refusal();

    public IServiceCollection Services => throw ContractsOnly.Refusal();

    IConfigurationManager IHostApplicationBuilder.Configuration => Configuration;

    public IHost Build() => throw ContractsOnly.Refusal();

    public void ConfigureContainer<TContainerBuilder>(IServiceProviderFactory<TContainerBuilder> factory, Action<TContainerBuilder>? configure = null)
        where TContainerBuilder : notnull => throw ContractsOnly.Refusal();

    public IFunctionsWorkerApplicationBuilder Use(Func<FunctionExecutionDelegate, FunctionExecutionDelegate> middleware) => throw ContractsOnly.Refusal();
}
