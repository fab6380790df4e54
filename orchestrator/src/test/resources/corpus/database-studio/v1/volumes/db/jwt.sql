ALTER DATABASE postgres SET app.settings.jwt_exp TO '3600';
