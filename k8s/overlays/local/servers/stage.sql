-- Run once, when the server's folder is made: production's database is made by the image itself.
CREATE DATABASE IF NOT EXISTS bellwether_stage;
GRANT ALL ON bellwether_stage.* TO 'bellwether'@'%';
